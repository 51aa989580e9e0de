import CKernels

extension EncoderKernels {
    /// One attention head of one sequence.
    public struct AttentionHead {
        /// Rows of keys and values.
        public var length: Int
        /// Rows of queries.
        public var queries: Int
        /// Features of a head.
        public var size: Int
        /// Queries, and the distance of their rows.
        public var q: UnsafePointer<Float>
        /// Distance of the rows of `q`.
        public var qStride: Int
        /// Keys.
        public var k: UnsafePointer<Float>
        /// Values.
        public var v: UnsafePointer<Float>
        /// Distance of the rows of `k` and `v`.
        public var stride: Int
        /// Factor of the scores before the softmax.
        public var scale: Float
        /// Result, `[queries, size]`.
        public var out: UnsafeMutablePointer<Float>
        /// Distance of the rows of `out`.
        public var outStride: Int

        /// Describes one head.
        public init(
            length: Int, queries: Int, size: Int, q: UnsafePointer<Float>, qStride: Int,
            k: UnsafePointer<Float>, v: UnsafePointer<Float>, stride: Int, scale: Float,
            out: UnsafeMutablePointer<Float>, outStride: Int
        ) {
            self.length = length
            self.queries = queries
            self.size = size
            self.q = q
            self.qStride = qStride
            self.k = k
            self.v = v
            self.stride = stride
            self.scale = scale
            self.out = out
            self.outStride = outStride
        }
    }

    /// What a query sees, and what is added to its scores.
    public struct AttentionMask {
        /// Whether query i, which is position length − queries + i, sees none behind its own.
        public var isCausal: Bool
        /// Added to the scores: of query i and position j, `bias[i · biasStride + j]`.
        public var bias: UnsafePointer<Float>?
        /// Distance of the rows of `bias`; −1 where it is a table by the distance of positions.
        public var biasStride: Int

        /// Says what is seen; without arguments all of it.
        public init(
            isCausal: Bool = false, bias: UnsafePointer<Float>? = nil, biasStride: Int = 0
        ) {
            self.isCausal = isCausal
            self.bias = bias
            self.biasStride = biasStride
        }
    }

    /// Computes `softmax(scale · q kᵀ) v` for one head.
    ///
    /// `scratch` holds at least `attentionScratch(length:size:)` floats.
    public func attention(_ head: AttentionHead, scratch: UnsafeMutablePointer<Float>) {
        var call = head.call
        call.scratch = scratch
        table.pointee.attention(&call)
    }

    /// As `attention(_:scratch:)`, under a mask; position j is row `rows[j]` of keys and values,
    /// or row j.
    ///
    /// What a causal call gives a query are the bits that a call of its own gives it, and so are
    /// those over `rows` the bits of keys and values that lie in order.
    public func attention(
        _ head: AttentionHead, mask: AttentionMask, rows: UnsafePointer<UInt32>? = nil,
        scratch: UnsafeMutablePointer<Float>
    ) {
        precondition(
            !mask.isCausal || head.queries <= head.length,
            "\(head.queries) queries cannot be the last of \(head.length) positions")
        var call = head.call(mask)
        call.rows = rows
        call.scratch = scratch
        table.pointee.attention(&call)
    }

    /// As `attention(_:mask:scratch:)`, over keys and values packed once; the head's `k`, `v` and
    /// `stride` are not read.
    public func attention(
        _ head: AttentionHead, mask: AttentionMask = AttentionMask(), keys: UnsafePointer<Float>,
        values: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        var call = head.call(mask)
        call.keys = keys
        call.values = values
        call.scratch = scratch
        table.pointee.attention(&call)
    }

    /// Packs `length` rows of keys and of values, `stride` floats apart, for calls that name them.
    ///
    /// `keys` and `values` hold `packedAttention(length:size:)` floats.
    public func packAttention(
        k: UnsafePointer<Float>, v: UnsafePointer<Float>, stride: Int, length: Int, size: Int,
        keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
    ) {
        var call = sheaf_attention()
        call.length = length
        call.size = size
        call.k = k
        call.v = v
        call.stride = stride
        table.pointee.pack_attention(&call, keys, values)
    }

    /// Floats of scratch that `attention` needs.
    public static func attentionScratch(length: Int, size: Int) -> Int {
        sheaf_attention_scratch(length, size)
    }

    /// Floats that the keys and the values of a head take when packed.
    public static func packedAttention(length: Int, size: Int) -> (keys: Int, values: Int) {
        (sheaf_packed_keys_size(length, size), sheaf_packed_values_size(length, size))
    }
}

extension EncoderKernels.AttentionHead {
    fileprivate var call: sheaf_attention {
        var call = sheaf_attention()
        call.length = length
        call.queries = queries
        call.size = size
        call.q = q
        call.q_stride = qStride
        call.k = k
        call.v = v
        call.stride = stride
        call.scale = scale
        call.out = out
        call.out_stride = outStride
        return call
    }

    fileprivate func call(_ mask: EncoderKernels.AttentionMask) -> sheaf_attention {
        var call = call
        call.causal = mask.isCausal ? 1 : 0
        call.bias = mask.bias
        call.bias_stride = mask.biasStride
        return call
    }
}
