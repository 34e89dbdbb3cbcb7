//! The language and the tool, told as transcripts.
