"""Reading files of bars that users upload: content in, checked columns or named faults out."""
