// Spawning, identity and the supervisor live here.
