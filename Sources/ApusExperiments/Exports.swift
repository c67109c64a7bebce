// Programs that run experiments say which version they are.
@_exported import enum ApusConfiguration.ApusVersion
