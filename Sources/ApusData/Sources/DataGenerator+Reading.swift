extension DataGenerator: SampleReader {
    public func read(_ request: SampleRequest) throws -> RawSamples { RawSamples(try dataset(seed: request.seed)) }
}
