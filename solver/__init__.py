"""Labelled mesh -> fields and numbers: conduction and charge/discharge with DOLFINx and PETSc."""
