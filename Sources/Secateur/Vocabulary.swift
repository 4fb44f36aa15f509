// Levels, precisions, targets and issues are part of what this library takes and gives.
@_exported import Levels
