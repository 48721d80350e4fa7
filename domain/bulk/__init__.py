"""Many records as files of JSON lines, out and in: in pieces, so that memory is bounded and a crash costs one piece.

`operations` asks for, cancels and shows them; `exporting` and `importing` do one piece at a time for the worker;
`subjects/` says what there is to export and to import; `files` reads and keeps the pieces of a file.
"""
