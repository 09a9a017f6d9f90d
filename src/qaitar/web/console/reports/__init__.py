"""Figures, their rules and the lists behind them."""
