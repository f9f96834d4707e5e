"""Paper: scripts and storyboards as PDF, set by Typst."""
