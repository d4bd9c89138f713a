"""The kinds of work that archive/jobs.py knows: importing this registers them."""
