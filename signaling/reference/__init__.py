"""The API described for people and for programs, made from the routes and the types of what they take and answer."""
