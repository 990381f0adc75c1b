"""The plan as data: a folder of YAML and CSV files a plan, and what loads them."""
