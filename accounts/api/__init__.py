"""Who stands at a device, over the API."""
