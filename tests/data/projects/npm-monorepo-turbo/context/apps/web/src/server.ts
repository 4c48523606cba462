import "@acme/ui"
