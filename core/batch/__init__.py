"""Many clips and faces (docs/batch.md): the table, workers, their rows, the summary, and Blender for files."""
