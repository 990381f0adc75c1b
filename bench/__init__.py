"""Speed of the service, against the best that its database can do; and drills of hard days."""
