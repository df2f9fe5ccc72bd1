"""What people run: the case schema, the pipeline, the command line and the shipped case files."""

__version__ = "0.1.0"
