"""The work that archive/jobs.py knows: importing `archive.work.registered` registers all of it."""
