"""Where finished work goes: one module for each publisher."""
