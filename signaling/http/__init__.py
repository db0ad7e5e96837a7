"""The edge towards clients: routes, what a query holds, how aiohttp is run, and what holds for every call."""
