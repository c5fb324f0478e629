CREATE INDEX entries_written ON entries (written DESC, id DESC);
