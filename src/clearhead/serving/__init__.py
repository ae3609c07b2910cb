"""The translator as a service: an HTTP interface and a page."""
