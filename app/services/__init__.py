"""What the product does, a verb or a topic a file."""
