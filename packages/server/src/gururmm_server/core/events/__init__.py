"""What happened, and what is moving.

Owns the typed, versioned events of the bus (`catalogue`), the messages between our own processes (`traffic`) and the
activity feed made of the events. Refuses to know why something happened: components publish, this one lists.
"""
