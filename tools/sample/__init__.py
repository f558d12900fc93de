"""Liferay-shaped sample environments for tests, bars and benches; see README.md."""
