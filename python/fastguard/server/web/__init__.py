"""The pages: what passes, why, and a playground; rendered here, with nothing from anywhere else."""
