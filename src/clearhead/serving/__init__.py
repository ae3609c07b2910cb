"""The service: HTTP in, translations out; limits, the queue, the cache and what clients of other services expect.

`app.create_app` puts the parts together; routes speak to `service.Service` only.
"""
