"""The command `tiendo`: the server and the operator's commands."""
