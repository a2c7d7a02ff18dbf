"""Reference data: what is bundled, and public files that can be fetched.

Every file has an entry in a registry with its source, licence and SHA-256. Importing this package reads
nothing and needs the standard library only; nothing but fetching needs a network.
"""
