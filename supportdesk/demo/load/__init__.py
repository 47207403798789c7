"""A desk under load: an account with as many conversations as a big shop has in years.

Written with COPY past the services, which would take days; `checking.verify` proves
that what stands there afterwards is what they would have written.
"""
