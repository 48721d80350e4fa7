"""A team's day while it is planned, driven and worked: route, dispatch, positions, reports, moves, capacity."""
