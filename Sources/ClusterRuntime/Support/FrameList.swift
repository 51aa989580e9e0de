extension [[UInt8]] {
    /// The numbers of the raw frame at `index`; a frame that is not there holds none.
    func values<Number: RawElement>(at index: Int) throws(WireError) -> [Number] {
        indices.contains(index) ? try RawFrame.allValues(self[index]) : []
    }
}
