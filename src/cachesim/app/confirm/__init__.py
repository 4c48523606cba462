"""How does the window plan, watch and show a real build?"""
