"""The head model: its shapes, parts and regions, and what is measured and fitted on its mesh."""
