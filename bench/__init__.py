"""Speed of the service, against what its database and framework can do at best."""
