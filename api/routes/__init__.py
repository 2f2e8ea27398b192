"""One module a theme: parameters in, a query by name, a shape out."""
