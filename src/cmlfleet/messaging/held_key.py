"""Scripts for a key that somebody holds: its value says who, and in one step with looking at it."""

KEEP = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
"""Let it lapse only so many milliseconds from now; 0 where somebody else holds it."""

LET_GO = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
"""0 where somebody else holds it."""
