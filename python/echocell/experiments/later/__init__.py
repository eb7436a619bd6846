"""Tasks of later papers: forgetting, peepholes, formal languages, very long lags."""
