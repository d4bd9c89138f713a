"""Deploy to Vercel without Vercel: its own build, its own runtime, real requests."""
