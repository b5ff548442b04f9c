"""The browser tracker in Chromium, against the real server: one page a case, many ``.test`` domains."""
