"""The benchmark of the answers; ../answers.py runs it."""
