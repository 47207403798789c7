"""The demo's attachments, drawn when they are needed."""

from collections.abc import Callable
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFont

WOOD, DARK, PAPER, LIGHT = "#c89b6a", "#4a3524", "#fbfaf7", "#efe8dc"


def upload(name: str) -> SimpleUploadedFile:
    """The file of that name as a browser would send it."""
    draw, image_format = _FILES[name]
    content = BytesIO()
    draw().save(content, image_format)
    return SimpleUploadedFile(name, content.getvalue())


def _cracked_funnel() -> Image.Image:
    image = Image.new("RGB", (960, 720), LIGHT)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 560, 960, 720), fill="#d9cbb6")
    draw.polygon([(220, 150), (740, 150), (560, 440), (400, 440)], fill=WOOD)
    draw.ellipse((220, 100, 740, 200), fill="#a97c4e", outline=DARK, width=6)
    draw.rectangle((400, 440, 560, 590), fill=WOOD, outline=DARK, width=6)
    crack = [(610, 190), (585, 240), (600, 275), (560, 330), (572, 372), (540, 420)]
    draw.line(crack, fill="#1e140c", width=9, joint="curve")
    return image


def _dented_parcel() -> Image.Image:
    image = Image.new("RGB", (900, 900), "#e4e7ea")
    draw = ImageDraw.Draw(image)
    draw.polygon([(150, 300), (760, 240), (800, 720), (190, 790)], fill="#b98b58")
    draw.polygon([(150, 300), (300, 190), (820, 160), (760, 240)], fill="#d1a673")
    draw.polygon([(560, 260), (760, 240), (772, 400), (650, 350)], fill="#7d5a34")
    draw.line([(455, 270), (495, 755)], fill="#e9d9c2", width=34)
    return image


def _mounting_instructions() -> Image.Image:
    image = Image.new("RGB", (1240, 1754), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((120, 120), "Nordkorn 360", fill=DARK, font=ImageFont.load_default(64))
    draw.text((120, 210), "Trichter", fill=DARK, font=ImageFont.load_default(40))
    for number, top in enumerate((360, 780, 1200), start=1):
        draw.rectangle((120, top, 1120, top + 360), outline=WOOD, width=4)
        draw.text(
            (150, top + 20), str(number), fill=DARK, font=ImageFont.load_default(56)
        )
        left = 420 + number * 40
        upper, lower = top + 60, top + 220
        draw.polygon(
            [
                (left, upper),
                (left + 320, upper),
                (left + 220, lower),
                (left + 100, lower),
            ],
            fill=WOOD,
        )
        draw.rectangle((left + 100, top + 240, left + 220, top + 320), fill=DARK)
    return image


def _price_list() -> Image.Image:
    image = Image.new("RGB", (1240, 1754), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((120, 120), "Moor & Mühle", fill=DARK, font=ImageFont.load_default(64))
    font = ImageFont.load_default(34)
    rows = [("Backrahmen 60 x 20", 24, 21), ("Backrahmen 40 x 20", 19, 16)]
    rows += [("Gärkorb rund 1 kg", 19, 14), ("Gärkorb oval 1 kg", 21, 16)]
    for number, (product, single, many) in enumerate(rows):
        top = 320 + number * 90
        draw.text((120, top), product, fill=DARK, font=font)
        draw.text((760, top), f"{single},00", fill=DARK, font=font)
        draw.text((960, top), f"{many},00", fill=DARK, font=font)
        draw.line([(120, top + 64), (1120, top + 64)], fill=LIGHT, width=3)
    return image


_FILES: dict[str, tuple[Callable[[], Image.Image], str]] = {
    "trichter-riss.png": (_cracked_funnel, "PNG"),
    "parcel-front.png": (_dented_parcel, "PNG"),
    "Einbauanleitung-Trichter-Nordkorn.pdf": (_mounting_instructions, "PDF"),
    "Preisliste-Wiederverkauf.pdf": (_price_list, "PDF"),
}
