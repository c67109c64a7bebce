extension SearchSpace {
    /// How many assignments there are; `nil` where numbers have no step, or there are more than can be counted.
    ///
    /// - Parameter points: How many values stand for a domain without a step.
    func count(points: Int? = nil) -> Int? {
        var total = 1
        for dimension in dimensions {
            guard let count = dimension.domain.count(points: points) else { return nil }
            let (product, overflows) = total.multipliedReportingOverflow(by: count)
            if overflows { return nil }
            total = product
        }
        return total
    }

    /// The assignment of a number below `count`: its digits, one for each domain, the last path's value changing first.
    func assignment(number: Int, points: Int? = nil) -> Assignment {
        var rest = number
        var assignment = Assignment()
        for dimension in dimensions.reversed() {
            let (quotient, index) = rest.quotientAndRemainder(dividingBy: dimension.domain.count(points: points) ?? 1)
            assignment[dimension.path] = dimension.domain.value(index, points: points)
            rest = quotient
        }
        return assignment
    }
}

extension Domain {
    /// How many values there are; `points` where numbers have no step.
    func count(points: Int?) -> Int? {
        if case .choice(let choice) = self { return choice.values.count }
        return axis?.count ?? points
    }

    /// One of the values that are counted.
    fileprivate func value(_ index: Int, points: Int?) -> Setting {
        if case .choice(let choice) = self { return choice.values[index] }
        guard let axis else { return .bool(false) }
        return setting(axis.count == nil ? axis.value(index: index, of: points ?? 1) : axis.value(index: index))
    }
}
