"""What each call does, one module for each subject of the API's reference."""
