"""Plans as folders of YAML and CSV files, and the loader for them."""
