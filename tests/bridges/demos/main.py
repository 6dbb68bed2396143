"""In place of the voting demos' main.py, which does not parse: what their voting.py imports."""


def delivery_report(error, message):
    if error is not None:
        print(f"Message delivery failed: {error}")
