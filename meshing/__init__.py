"""Packing or shape -> labelled mesh: tetrahedra with phases, particles and named interfaces."""
