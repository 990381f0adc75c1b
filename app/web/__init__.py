"""The pages: what a person sees in a browser, where the API is for programs."""
