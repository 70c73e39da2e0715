/// What the metadata of one LV2 plugin says; texts are at most 255 bytes long.
package struct LV2Metadata: Sendable {
    enum Kind: Sendable { case audio, control, cv, atom, other }

    /// One port, as the plugin numbers it.
    struct Port: Sendable {
        var symbol: String
        var name: String
        var kind: Kind
        var isInput: Bool
        var isOptional: Bool
        var isInteger: Bool
        var isToggled: Bool
        var isEnumeration: Bool
        /// Its values are factors of the sample rate.
        var isRateFactor: Bool
        var isSidechain: Bool
        /// It is to be 1 while nothing waits for a clock.
        var isFreeWheel: Bool
        /// NaN: not stated.
        var least: Float
        var most: Float
        var preset: Float
        /// URI of the unit.
        var unit: String?
        /// Values with a name, in rising order.
        var points: [(label: String, value: Float)]
    }

    package var uri: String
    package var name: String
    package var className: String
    package var author: String
    package var licence: String
    var ports: [Port]
    package var presets: [(uri: String, label: String)]
    var latencyPort: Int?
    /// Features that it requires and this host has not.
    package var lacking: String?
    package var hasWorker: Bool
    package var hasState: Bool
}
