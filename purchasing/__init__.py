"""Who a shop buys from."""
