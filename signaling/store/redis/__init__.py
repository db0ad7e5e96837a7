"""The engine for many servers on one Redis or Valkey: keys, scripts, one subscription."""
