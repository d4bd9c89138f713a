"""The pages of selling in the back office: sales and receipts, shifts, registers, customers."""
