"""Recipe -> packing: LAMMPS simulates slurry, drying and calendering of the electrode's particles."""
