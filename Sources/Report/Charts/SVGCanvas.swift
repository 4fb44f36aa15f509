import Foundation
import Levels

/// An SVG picture in the making. Colors come from classes and from ``color(_:_:)``, so that a style sheet
/// decides what is light and what is dark.
public struct SVGCanvas: Sendable {
    /// A place in the picture, from its upper left corner.
    public typealias Point = (x: Double, y: Double)

    /// Which end of a text is at its place.
    public enum Anchor: String, Sendable {
        case start
        case middle
        case end
    }

    /// Width in its own units, which are pixels at full size.
    public let width: Double
    /// Height.
    public let height: Double
    private var elements: [String] = []

    /// Starts an empty picture.
    public init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// Draws in the color of a series (1 to 8) whatever `body` adds.
    public mutating func color(_ series: Int, _ body: (inout SVGCanvas) -> Void) {
        elements.append("<g class=\"c\(series)\">")
        body(&self)
        elements.append("</g>")
    }

    /// A straight line.
    public mutating func line(_ from: Point, _ to: Point, _ style: String) {
        elements.append(
            "<line class=\"\(style)\" x1=\"\(Self.number(from.x))\" y1=\"\(Self.number(from.y))\" "
                + "x2=\"\(Self.number(to.x))\" y2=\"\(Self.number(to.y))\"/>")
    }

    /// A line through several places.
    public mutating func path(_ points: [Point], _ style: String) {
        guard points.count > 1 else { return }
        let places = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        elements.append("<polyline class=\"\(style)\" points=\"\(places)\"/>")
    }

    /// A rectangle; `fill` is how opaque its color is.
    public mutating func rectangle(
        _ corner: Point, width: Double, height: Double, _ style: String, fill: Double? = nil,
        title: String? = nil
    ) {
        let opacity = fill.map { " fill-opacity=\"\(Self.number($0))\"" } ?? ""
        elements.append(
            "<rect class=\"\(style)\" x=\"\(Self.number(corner.x))\" y=\"\(Self.number(corner.y))\" "
                + "width=\"\(Self.number(max(width, 0)))\" height=\"\(Self.number(height))\"\(opacity)"
                + Self.closing("rect", title))
    }

    /// A marker of a series: circle, square, triangle or diamond, told apart without color.
    public mutating func marker(
        _ shape: Int, at place: Point, radius: Double, _ style: String, fill: Double? = nil,
        title: String? = nil
    ) {
        let (x, y, r) = (place.x, place.y, radius)
        let opacity = fill.map { " fill-opacity=\"\(Self.number($0))\"" } ?? ""
        func polygon(_ corners: [Point]) -> String {
            let places = corners.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
            return "<polygon class=\"\(style)\" points=\"\(places)\"\(opacity)"
                + Self.closing("polygon", title)
        }
        switch shape % 4 {
        case 0:
            elements.append(
                "<circle class=\"\(style)\" cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" "
                    + "r=\"\(Self.number(r))\"\(opacity)" + Self.closing("circle", title))
        case 1:
            let s = r * 0.9
            elements.append(polygon([(x - s, y - s), (x + s, y - s), (x + s, y + s), (x - s, y + s)]))
        case 2:
            elements.append(
                polygon([(x, y - 1.2 * r), (x + 1.1 * r, y + 0.9 * r), (x - 1.1 * r, y + 0.9 * r)]))
        default:
            elements.append(
                polygon([(x, y - 1.3 * r), (x + 1.3 * r, y), (x, y + 1.3 * r), (x - 1.3 * r, y)]))
        }
    }

    /// A line of text; `degrees` turns it about its place.
    public mutating func text(
        _ text: String, at place: Point, _ style: String = "tick", anchor: Anchor = .start,
        degrees: Double = 0
    ) {
        let turn =
            degrees == 0
            ? ""
            : " transform=\"rotate(\(Self.number(degrees)) \(Self.number(place.x)) \(Self.number(place.y)))\""
        elements.append(
            "<text class=\"\(style)\" x=\"\(Self.number(place.x))\" y=\"\(Self.number(place.y))\" "
                + "text-anchor=\"\(anchor.rawValue)\"\(turn)>\(Markup.escaped(text))</text>")
    }

    /// The picture for a page that has the style sheet; `title` and `description` are read aloud.
    func inline(title: String, description: String, classes: String = "") -> String {
        "<svg class=\"chart \(classes)\" viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" "
            + "role=\"img\" aria-label=\"\(Markup.escaped(title + ": " + description))\">"
            + elements.joined(separator: "\n") + "</svg>"
    }

    /// The picture as a mark in a legend, which says next to it what it means.
    var swatch: String {
        "<svg class=\"swatch\" viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" aria-hidden=\"true\">"
            + elements.joined() + "</svg>"
    }

    /// The picture as a file of its own, which follows the reader's choice of light or dark.
    ///
    /// - Parameter glyphs: kinds of levels whose hatches it draws.
    public func document(title: String, glyphs: [LevelGlyph] = []) -> String {
        let hatches = Hatches(glyphs)
        let definitions = glyphs.isEmpty ? "" : "<defs>\(hatches.definitions)</defs>\n"
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Self.number(width))\" "
            + "height=\"\(Self.number(height))\" viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\">\n"
            + "<title>\(Markup.escaped(title))</title>\n"
            + "<style>\(ReportStyle.colors)\(ReportStyle.charts)\(hatches.rules)</style>\n" + definitions
            + "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
            + elements.joined(separator: "\n") + "\n</svg>\n"
    }

    private static func closing(_ element: String, _ title: String?) -> String {
        title.map { "><title>\(Markup.escaped($0))</title></\(element)>" } ?? "/>"
    }

    /// Two decimals at most.
    static func number(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() && abs(rounded) < 1e9 ? String(Int(rounded)) : String(rounded)
    }
}
