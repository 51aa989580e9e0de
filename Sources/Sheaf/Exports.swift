// The rooms whose types appear in this library's interface: `import Sheaf` is enough to use it.

@_exported public import ClusterCore
@_exported public import ClusterRuntime
@_exported public import Corpus
@_exported public import Evaluation
@_exported public import Generation
@_exported public import Models
@_exported public import Training
@_exported public import VectorIndex
