"""The commands, by what they are about; `shopfloor.cli` puts them together."""
