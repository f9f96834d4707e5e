"""The local album planner: twenty pieces of music and twenty pictures out of a niche and moods."""
